"""Everything that is shown holds HTML: scripts, handlers, links, comments, entities."""
EVIL = (
    "</title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "<svg onload=alert(3)><a href='javascript:alert(4)'>x</a>{{7*7}}{% raw %}&lt;b&gt; --> ]]>"
    "<iframe srcdoc='<script>alert(5)</script>'><meta http-equiv=refresh content='0;url=//evil'>"
)
print(EVIL)


class LeNet5(LeNet5):
    __doc__ = EVIL

    def forward(self, x):
        raise type("<img src=x onerror=alert(6)>", (ValueError,), {})(EVIL)
