from base64 import b64decode

from matplotlib.figure import Figure

from transferkit.report.pictures import picture, slug


def test_the_page_and_the_file_hold_the_same_bytes(tmp_path, drawn_pictures):
    drawn = picture(Figure(figsize=(2.0, 1.0)), tmp_path, "parity unseen/compositions", alt="a", caption="c")
    assert drawn.file == "figures/parity-unseen-compositions.png"
    assert b64decode(drawn.uri.removeprefix("data:image/png;base64,")) == (tmp_path / drawn.file).read_bytes()
    assert drawn.width == 192


def test_a_name_cannot_leave_the_folder():
    assert "/" not in slug("../../etc/passwd")
    assert not slug("../x").startswith(".")
    assert slug("///") == "figure"


def test_a_page_without_a_folder_writes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = picture(Figure(figsize=(2.0, 1.0)), None, "x", alt="a", caption="c")
    assert (drawn.file, drawn.height) == ("", 96)
    assert list(tmp_path.iterdir()) == []
