"""Tasks for lm-eval, EleutherAI's harness, over local JSON: public sets as they are published, and generated ones.

`forms` reads each published form, `sets.py` lists the sets, `folder.py` writes what lm-eval reads, `running.py` starts
lm-eval, `table.py` writes what it found. `driver.py`, `scoring` and `tasks` run in lm-eval's own environment, which has
no other package of ours: they are copied there.
"""
