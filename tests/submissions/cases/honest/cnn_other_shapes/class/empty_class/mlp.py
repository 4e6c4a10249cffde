class CNNAutograd:
    pass
