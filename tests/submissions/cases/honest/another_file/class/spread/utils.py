def show(net):
    print(net)
