; a file that an editor saved as Latin-1
(list "größe")
