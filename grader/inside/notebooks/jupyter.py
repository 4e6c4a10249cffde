"""Imports what kernels and their driver need, once, without starting a thread or a zmq context."""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import importlib
import os
import sys

_NEEDED = (
    "IPython.core.debugger IPython.core.oinspect IPython.core.logger IPython.core.magic_arguments "
    "IPython.core.magics.execution IPython.core.magics.ast_mod IPython.utils.timing "
    "IPython.utils.wildcard IPython.utils.module_paths IPython.extensions.storemagic "
    "IPython.core.pylabtools IPython.core.completerlib IPython.core.magics "
    "IPython.core.payloadpage IPython.core.displaypub ipykernel.kernelapp ipykernel.ipkernel "
    "ipykernel.zmqshell ipykernel.iostream ipykernel.datapub ipykernel.debugger "
    "zmq.asyncio zmq.eventloop.zmqstream zmq.utils.garbage "
    "tornado.ioloop tornado.platform.asyncio tornado.gen tornado.locks tornado.queues "
    "jupyter_client.asynchronous jupyter_client.channels nbclient nbformat.v4 nbformat.v3 "
    "nbformat.validator fastjsonschema jsonschema asyncio cmd bdb code pdb faulthandler "
    "encodings.ascii stringprep encodings.idna pygments.lexers.python pygments.formatters.html "
    "pygments.formatters.terminal256 pygments.styles.default stack_data executing asttokens "
    "pure_eval matplotlib.pyplot "
    "matplotlib.backends.backend_agg matplotlib_inline.backend_inline mpl_toolkits"
).split()


def preload(run: str) -> None:
    """A kernel can be forked in milliseconds. Raises ImportError where Jupyter is not installed."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # no debugger in a graded kernel
    os.environ["MPLCONFIGDIR"] = os.path.join(run, "matplotlib")
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except Exception:  # matplotlib may be absent, and versions differ
            continue
    _exercise()


def _exercise() -> None:
    """Schemas are compiled, a traceback and a figure drawn once."""
    from grader.inside.notebooks import cells, kernel, notebook  # noqa: F401 - for the boxes

    source = b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{'
    source += b'"cell_type": "code", "input": "1", "language": "python", "outputs": []}]}]}'
    notebook.write(notebook.read(source, "x"), 1 << 20)
    from IPython.core.ultratb import FormattedTB

    compiled = compile("def f(x):\n    return x / 0\nf(1)", "<x>", "exec")
    try:
        exec(compiled, {})
    except ZeroDivisionError:
        FormattedTB(mode="Context").structured_traceback(*sys.exc_info())
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        from IPython.core.pylabtools import print_figure
        from matplotlib.backends.registry import backend_registry

        backend_registry.list_all()  # looks through all installed packages once
        figure, (axes, other) = pyplot.subplots(1, 2)
        axes.plot([1, 2], label="x")
        axes.set_title("x")
        axes.legend()
        figure.colorbar(other.imshow([[1.0, 2.0]]))
        print_figure(figure)
        pyplot.close(figure)
