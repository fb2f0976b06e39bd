import subprocess
import sys


def test_writing_a_page_needs_no_torch_and_no_pyplot():
    code = (
        "import sys, transferkit.report.page; "
        "bad = [m for m in ('torch', 'chgnet', 'matplotlib.pyplot') if m in sys.modules]; "
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
