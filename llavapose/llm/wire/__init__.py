"""The chat endpoints' own form: requests on their way out, and one gate for all that a server says.

In: ``ChatRequest``s; bytes from a server nobody here controls. Out: JSON bodies; ``Completion``s whose texts can be
written, printed and counted, or one failure for one request. The form is OpenAI's chat completions; live requests and
lines of batch files share it.

Read ``gate`` (what may come in: size, depth, signs, counts), ``body`` (a request as JSON), ``reply`` (JSON as a reply),
``refusals`` (what each kind of error means).
"""
