# SPDX-License-Identifier: MIT
"""LibreOffice Base with a window, for eyes: opens a guarded table with masks under a virtual display and
writes a picture of the screen.
    tests/apps/libreoffice_window.py PICTURE.png"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
picture = os.path.abspath(sys.argv[1])
import run  # noqa: E402 (it reads the paths of the build)

r = run.set_up()
display = ":%d" % (60 + os.getpid() % 30)
screen = subprocess.Popen(["Xvfb", display, "-screen", "0", "1400x800x24"], stderr=subprocess.DEVNULL)
os.environ["DISPLAY"] = display
time.sleep(1)
import libreoffice  # noqa: E402 (its office inherits the display)

TABLE = 0
folder = tempfile.mkdtemp(prefix="og-window-")
office = libreoffice.Office(folder, visible=True)
try:
    _, url = libreoffice.document(office, folder, "lite_m")
    document = office.make("com.sun.star.frame.Desktop").loadComponentFromURL(url, "_blank", 0, ())
    time.sleep(4)
    controller = document.CurrentController
    controller.connect()
    controller.loadComponent(TABLE, "people", False)
    time.sleep(8)
    subprocess.run(["import", "-window", "root", picture], check=True)
    print(picture)
finally:
    office.close()
    screen.terminate()
    screen.wait()
    if r.mariadb:
        r.mariadb.close()
    shutil.rmtree(folder, ignore_errors=True)
