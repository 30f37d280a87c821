(relu "größe")
