"""Names and messages that a spreadsheet takes for formulas; the student is called so too."""
print("=cmd|' /C calc'!A0")


class LeNet5(LeNet5):
    def forward(self, x):
        raise ValueError("=HYPERLINK(\"//evil\", 1)\n+1,-1;@SUM(1)")
