"""browser.py URL PICTURE: Chromium opens /docs, fills in the form and predicts; a picture of it.

Exits with 77 when there is no browser. MLP_CHROMIUM names one that playwright did not install.
"""

import os
import sys

from playwright.sync_api import Error, sync_playwright

URL, PICTURE = "http://" + sys.argv[1], sys.argv[2]


def main():
    complaints = []
    with sync_playwright() as p:
        try:
            browser = p.chromium.launch(executable_path=os.environ.get("MLP_CHROMIUM") or None,
                                        args=["--no-sandbox", "--no-zygote", "--in-process-gpu",
                                              "--use-gl=angle", "--use-angle=swiftshader"])
        except Error as e:
            print(str(e).splitlines()[0])
            sys.exit(77)
        page = browser.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.set_default_timeout(10000)
        page.goto(URL + "/docs")
        page.fill("input[name=a]", "0.25")
        page.fill("input[name=b]", "1")
        page.fill("input[name=c]", "red")
        page.click("button >> text=Predict")
        page.wait_for_selector("output.good")
        assert '"prediction": false' in page.inner_text("output"), page.inner_text("output")
        page.click("button >> text=Explain")
        page.wait_for_selector("output.good:has-text('contributions')")
        page.screenshot(path=PICTURE, full_page=True)
        page.fill("input[name=a]", "")
        page.click("button >> text=Predict")
        page.wait_for_selector("output.bad")
        browser.close()
    complaints = [c for c in complaints if "400" not in c]
    assert not complaints, complaints
    print(f"browser: predicted and explained through the page, {os.path.getsize(PICTURE)} bytes "
          "of picture")


main()
