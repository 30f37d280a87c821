(sum (ones 2 3) :axes 1)
