"""What tests share: specimens, small courses, and ways to ask a grader and a machine."""

from pkgutil import iter_modules

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
