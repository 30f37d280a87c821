"""W13: how the layers of ResNet-18 are put together, for peers that say what each layer is."""


def resnet_18(layers, x, parameters):
    """`layers` has conv_norm(x, parameters, stride) with the weights, mean, variance, scale and shift; relu, add, max_pool and
    classify(x, weights, bias). The parameters are in the order in which workloads/resnet.lisp names them."""
    used = 0

    def conv_norm(x, stride):
        nonlocal used
        used += 5
        return layers.conv_norm(x, parameters[used - 5:used], stride)

    x = layers.max_pool(layers.relu(conv_norm(x, 2)))
    for stage in range(4):
        for number in range(2):
            wider = stage > 0 and number == 0
            y = conv_norm(layers.relu(conv_norm(x, 2 if wider else 1)), 1)
            x = layers.relu(layers.add(conv_norm(x, 2) if wider else x, y))
    return layers.classify(x, *parameters[used:])
