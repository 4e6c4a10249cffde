"""Runs the cells of a notebook from within the box: nbclient and a kernel that runs already.

nbclient sends a cell and waits for its end. What it leaves to chance is decided here: what a
message may hold, how much, how long a cell may take, and when the kernel is dead. While cells run,
the supervisor's watch goes on in the same loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal

import zmq
import zmq.asyncio
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from grader.inside.allowance import Allowance
from grader.inside.cell import SHARE
from grader.inside.notebooks.client import Cells, Channel, Client
from grader.inside.notebooks.host import Host, Message, P
from grader.inside.notebooks.outputs import FLOOD, Outputs
from grader.inside.schema.messages import EXTENTS, CellFacts, CellStatus, Extent, SharedLimit

TICK = 0.05
"""Seconds between two looks at the limits."""
LATE = 0.05
"""Seconds in which what a dead kernel had sent still arrives."""
CONNECT_SECONDS, CONNECT_TRIES = 0.3, 60
"""How long the first message of a kernel is waited for, and how often."""
_MESSAGE_CAP = FLOOD + (1 << 20)
"""zmq drops a peer that sends more in one message."""
_QUEUE = 20
"""Messages that wait in our memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each cell is run."""

    stopped: Mapping[int, Extent] = field(default_factory=dict)
    """By number those that ended a kernel before."""
    others: Extent = "all"

    def find(self, number: int) -> Extent:
        """The extent of a cell."""
        return max(self.others, self.stopped.get(number, "all"), key=EXTENTS.index)


class Driver(Generic[P]):
    """One pass over a notebook on one kernel. The facts of the cells come out in `facts`."""

    def __init__(self, host: Host[P], child: P, book: NotebookNode, plan: Plan) -> None:
        assert child.connection is not None
        self.host, self.child, self.book, self.plan = host, child, book, plan
        self.connection = child.connection
        self.allowance = Allowance(host.limits)
        """Of the cell that runs."""
        self.facts: dict[int, CellFacts] = {}
        self.at: int | None = None
        """The cell that runs."""
        self.begun = False
        """True where the kernel has said that it runs that cell."""
        self.reply: Message = {}
        self.outputs = Outputs()
        self.dead = False
        self._late: SharedLimit | Literal["", "done"] = ""
        """Of what the share of all cells is used up; one that begins now runs definitions only."""

    def run(self) -> bool:
        """Every cell ran that is not to be skipped, and the kernel waits for questions; or False.

        All threads and sockets that this takes are gone afterwards.
        """
        # The selector's loop, as zmq needs it, also where another one is the default.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.get_loop().set_exception_handler(lambda *_: None)
            runner.run(self._whole())
        return not self.dead

    def note_end(self) -> None:
        """The process has ended; its pipes are about to be closed."""
        self._stop_listening()
        self.dead = True
        self.loop.call_later(LATE, self._end.set)

    def take(self, kind: str, content: object) -> None:
        """A message of the running cell is kept, as far as there is room."""
        if self.child.why is not None or self.at is None:
            return
        self.begun = self.begun or kind == "execute_input"
        try:
            self.outputs.take(kind, content)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.child.kill("tampered")
        for name, texts in self.outputs.printed.items():
            for text in texts:
                self.host.keep_printed(name, text)
            texts.clear()
        if self.outputs.flooded:
            self.child.kill("output")

    # The loop

    async def _whole(self) -> None:
        self.loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self.host.listen(self.child, self.loop)
        ticker, end = asyncio.create_task(self._tick()), asyncio.create_task(self._end.wait())
        context = zmq.asyncio.Context()
        context.MAXMSGSIZE, context.RCVHWM, context.LINGER = _MESSAGE_CAP, _QUEUE, 0
        context.SNDTIMEO = 0  # a peer that student's code cut off would be waited for, for ever
        work = asyncio.create_task(self._work(context))
        try:
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
            if ticker.done() and (error := ticker.exception()) is not None:
                raise error
            if not work.cancelled() and (error := work.exception()) is not None:
                raise error
            if self.child.why is not None:
                await end
        finally:
            ticker.cancel()
            end.cancel()
            self._stop_listening()
            context.destroy(linger=0)

    def _stop_listening(self) -> None:
        if self.dead:
            return
        self.host.stop_listening(self.child, self.loop)

    async def _tick(self) -> None:
        try:
            while not self.dead:
                await asyncio.sleep(TICK)
                if not self.dead:
                    self._check_cell(self.host.look())
        except Exception:  # whoever watches is gone: nothing is waited for any more
            self._end.set()
            raise

    def _check_cell(self, cpu: float) -> None:
        """A cell past its limit is interrupted; one that goes on, ended with the kernel."""
        late = "" if self._late else self.host.find_spent(SHARE)
        step = "" if self.dead else self.allowance.check(cpu, late)
        if step == "interrupt":
            self._late = self._late or late
            self.child.interrupt()
        elif step == "kill":
            late = "" if self._late == "done" else self._late
            self.child.kill(late or "cell")

    # The work

    async def _work(self, context: zmq.asyncio.Context) -> None:
        client = await self._connect(context)
        try:
            self.host.forgive_start()
            await self._run_cells(client)
            if self.child.why is None and not self.dead:
                await self._hand_over(client)
        except DeadKernelError:
            return
        except zmq.Again:  # garbage on the kernel's socket cut us off from it
            self._note_forgery()
        except Exception:  # what was forged by the last cell comes to light only now
            if self.child.why is None:
                raise
        finally:
            client.stop_channels()

    async def _connect(self, context: zmq.asyncio.Context) -> Client:
        """A client that hears everything the kernel says from now on."""
        client = Client(context=context)
        self.child.await_ready()  # all that came before took place meanwhile
        client.load_connection_info(self.connection)  # type: ignore[arg-type]
        client.allow_stdin = False
        for channel in (client.iopub_channel, client.shell_channel):
            channel.own = client.session.session
            channel.forged = self._note_forgery
        client.start_channels(stdin=False, hb=False, control=False)
        for _ in range(CONNECT_TRIES):
            # The welcome alone may never come: ipykernel overlooks a subscription now and then.
            client.shell_channel.send(client.session.msg("kernel_info_request", {}))
            with contextlib.suppress(TimeoutError):
                await self._expect(client.iopub_channel, None, None, CONNECT_SECONDS)
                return client
        raise RuntimeError("the kernel did not answer")

    def _note_forgery(self) -> None:
        self.child.kill("tampered")

    async def _expect(
        self, channel: Channel, kind: str | None, parent: str | None, seconds: float | None
    ) -> None:
        """The message has come; others before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                message = await channel.get_msg()
                if kind in (None, message["msg_type"]) and (
                    parent in (None, message["parent_header"].get("msg_id"))
                ):
                    return

    async def _run_cells(self, client: Client) -> None:
        cells = Cells(
            self.book,
            timeout=None,
            allow_errors=True,
            iopub_timeout=2,
            raise_on_iopub_timeout=True,
            coalesce_streams=False,
            record_timing=False,
            skip_cells_with_tag="\0",
            on_cell_executed=self._take_reply,
        )
        cells.log.setLevel("CRITICAL")
        cells.take, cells.kc = self.take, client
        cells.reset_execution_trackers()
        for number, cell in enumerate(self.book.cells, 1):
            if cell.cell_type == "code" and self.plan.find(number) != "nothing":
                await self._run_cell(cells, client, number, cell)
                if self.child.why is not None or self.dead:
                    await self._end.wait()
                    return

    async def _run_cell(
        self, cells: Cells, client: Client, number: int, cell: NotebookNode
    ) -> None:
        self.at, self.reply, self.begun = number, {}, False
        kept = cell
        if number in self.plan.stopped:  # what it displayed until it ended the kernel is kept
            cell = copy.deepcopy(cell)
        self._late = self.host.find_spent(SHARE)
        client.session.metadata = {
            "cell": number,
            "late": bool(self._late),
            "extent": self.plan.find(number),
        }
        self.outputs.open(cell)
        begin = time.monotonic()
        self.allowance.begin()
        try:
            await cells.async_execute_cell(cell, number - 1)
        except DeadKernelError:
            self.dead = True
        except CellTimeoutError:  # the end of the output never came: zmq cut it for its size
            self.child.kill("output")
        except Exception:  # what forged messages make nbclient raise
            self.child.kill("tampered")
        finally:
            self.allowance.end()
            self.book.cells[number - 1] = kept  # nbclient puts the one in its place that it ran
            self._note_facts(number, cell, time.monotonic() - begin)

    def _take_reply(self, execute_reply: Message, **_: object) -> None:
        self.reply = execute_reply["content"]
        if self.connection["transport"] == "ipc":  # both sockets are connected by now
            shutil.rmtree(os.path.dirname(self.connection["ip"]), ignore_errors=True)

    def _note_facts(self, number: int, cell: NotebookNode, seconds: float) -> None:
        """The cell's outputs are complete, and its facts are known."""
        self.outputs.close()
        count = sum(1 for n in self.facts if self.facts[n]["ran"])
        ran = bool(cell.source.strip()) and number not in self.plan.stopped
        if ran:
            cell["execution_count"] = count + 1
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output["execution_count"] = count + 1
        failed = self.reply.get("status") == "error"
        status: CellStatus = "time" if self.allowance.passed else "error" if failed else "ok"
        if self.dead or self.child.why is not None:
            status = "died"
        self.facts[number] = {
            "index": number,
            "status": status,
            "seconds": round(seconds, 4),
            "error": self.reply.get("error") if failed else None,
            "cut": self.outputs.cut,
            "crowded": status == "time" and self.host.crowded,
            "late": self._late,
            "ran": ran,
        }

    async def _hand_over(self, client: Client) -> None:
        """The kernel reads questions from now on; it has ended every request exactly once."""
        message = client.session.msg("measure_request", {})
        name = message["header"]["msg_id"]
        self.allowance.begin()
        self._late = "done"  # what is left is to be used now
        client.shell_channel.send(message)
        await self._expect(client.shell_channel, "measure_reply", name, None)
        self.allowance.end()
        with contextlib.suppress(TimeoutError):  # late output; forged ends would be among it
            await self._expect(client.iopub_channel, "status", name, 1.0)
