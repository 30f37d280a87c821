(concat)
