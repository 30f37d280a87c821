(disable-optimizer 'mul-one)
