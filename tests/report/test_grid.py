"""A table's forms, whatever its names hold."""

from llavapose.report.tables import Grid, as_markdown


def test_markdown_obeys_no_name():
    hostile = "<img src=x onerror=alert(1)> [l](javascript:alert(2)) </script>"
    told = as_markdown(Grid(title="Raters", header=("rater", "p"), rows=((hostile, "<0.001 [0.1, 0.2]"),)))
    (line,) = [one for one in told.splitlines() if "img" in one]
    assert line.startswith(r"| \<img src=x onerror=alert(1)> [l\](javascript:alert(2)) \</script> |")
    assert "| <0.001 [0.1, 0.2] |" in line, "what is ours stays as it is"
