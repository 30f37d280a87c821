(einsum "ij,jk->iz" (ones 2 3) (ones 3 4))
