from models.net import Net
from utils import show

if __name__ == '__main__':
    show(Net())
