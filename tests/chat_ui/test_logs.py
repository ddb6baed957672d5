"""The chat's log holds no texts."""

import asyncio
import io
import logging
import sys
import traceback
import warnings

from chat_ui.logs import logged_without_texts

SECRET = "what somebody wrote"


def fail() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError:
        raise ValueError(f"Received inputs: [{SECRET}]")  # noqa: B904


async def fail_unseen() -> None:
    task = asyncio.create_task(asyncio.to_thread(fail))
    await asyncio.wait([task])


def test_whatever_is_printed_or_logged_leaves_no_text_in_the_log() -> None:
    stream = io.StringIO()
    with logged_without_texts(stream):
        try:
            fail()
        except ValueError as error:
            traceback.print_exc()
            traceback.print_exception(error)
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        sys.stdout.write(SECRET)
        sys.stderr.write(SECRET)
        warnings.showwarning(RuntimeWarning(SECRET), RuntimeWarning, "some.py", 1)
        logging.getLogger("gradio").error("%s", SECRET)
        asyncio.run(fail_unseen())
    log = stream.getvalue()
    assert SECRET not in log
    assert log.count("builtins.ValueError at\n") >= 2 and "after builtins.KeyError at\n" in log
    assert f"{__file__}" in log and ", in fail\n" in log
    assert "RuntimeWarning" in log and "something was logged at" in log


def test_one_fault_that_is_repeated_does_not_fill_the_log() -> None:
    stream = io.StringIO()
    with logged_without_texts(stream):
        for number in range(100):
            try:
                raise ValueError(number)
            except ValueError:
                traceback.print_exc()
    assert stream.getvalue().count("An event failed") == 1


def test_afterwards_everything_is_printed_as_before() -> None:
    before = (traceback.print_exc, warnings.showwarning, sys.stdout, sys.stderr, logging.getLogger().handlers[:])
    with logged_without_texts(io.StringIO()):
        pass
    assert before == (traceback.print_exc, warnings.showwarning, sys.stdout, sys.stderr, logging.getLogger().handlers)
