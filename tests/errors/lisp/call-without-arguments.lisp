(softmax)
