"""Result files -> what people look at: tables, plots, pages, a Weights & Biases run.

In: the CSV and JSONL files that an evaluation or a sweep left; samples and scenes. Out: console tables, ``tables.md``,
``tables.tex``, ``report/index.html`` and other pages of one file each, with nothing to load from elsewhere.

Read ``tables/`` (files -> grids -> text), ``plots/`` (SVG as text), ``markup`` (what pages share), ``room`` (how much
of it all a page may hold), ``explorer/`` (every question with all that was said of it; its script is
``templates/explorer.js`` with ``answers.js``; ``frames.js`` plays clips on every page), ``page`` (the report) with
``located`` (skeletons, and how far off each joint is), ``samples_page`` and ``audit_page``, ``own_results`` (one run's
rows), ``wandb/``, ``sweep``: all of it at the end, ``board``: the same of answers from anywhere, and ``reference``
(one's own numbers beside the docs).
"""
