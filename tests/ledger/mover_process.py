"""A program that moves a ledger in small steps, for tests that kill it: it prints a line for each and waits for one."""

import sys

from ledger.moving.move import move


def wait(what: str, table: str, done: int, total: int) -> None:
    sys.stdout.write(f"{what} {table} {done} {total}\n")
    sys.stdout.flush()
    sys.stdin.readline()


move(sys.argv[1], sys.argv[2], wait, batch_rows=5)
