(disable-optimizer 5)
