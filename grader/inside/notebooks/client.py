"""nbclient and its channels, as far as they have to behave differently in a box.

What a kernel sends is the student's to forge. A message that cannot be read, or that ends a request
a second time, is reported by whoever reads the channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from traitlets import Type

from grader.inside.notebooks.host import Message

_ENDS_CAP = 10_000
"""Requests of ours; there are as many as cells, and a few."""


class Channel(AsyncZMQSocketChannel):
    """A channel on which each request ends once, and every message can be read."""

    own = ""
    """How ids of our requests begin."""
    forged: Callable[[], None]

    async def get_msg(  # type: ignore[override]  # as the class above
        self,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Message:
        """The next message; whoever sent a second end of a request, or garbage, is reported."""
        try:
            message = await super().get_msg(timeout)
            self._check(message)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.forged()
            raise
        return message

    def _check(self, message: Message) -> None:
        kind, content = message["msg_type"], message["content"]
        parent = message["parent_header"].get("msg_id")
        idle = kind == "status" and content["execution_state"] == "idle"
        if not (idle or kind.endswith("_reply")) or not str(parent).startswith(self.own):
            return
        ends = self.__dict__.setdefault("ends", set())
        if parent in ends or len(ends) > _ENDS_CAP:
            raise ValueError("a request ended twice")
        ends.add(parent)


class Client(AsyncKernelClient):
    """A client of two channels."""

    shell_channel_class = Type(Channel)
    iopub_channel_class = Type(Channel)


class Cells(NotebookClient):
    """nbclient, with our reading of messages and without its polls."""

    take: Callable[[str, object], None]
    """Takes kind and content of each message that is not a status."""

    async def _async_poll_kernel_alive(self) -> None:
        await asyncio.Event().wait()  # it would ask once a second; the driver knows at once

    def process_message(
        self,
        msg: Message,
        cell: NotebookNode,  # noqa: ARG002
        cell_index: int,  # noqa: ARG002
    ) -> None:
        """One message that belongs to the running cell."""
        if msg["msg_type"] != "status":
            self.take(msg["msg_type"], msg["content"])
        elif msg["content"]["execution_state"] == "idle":
            raise CellExecutionComplete
