// Looks at pages in a real browser, as a person would: wide and on a phone, light and dark.
//
// Standard input is one JSON object: {"browser": path, "folder": where screenshots go or null,
// "pages": [{"name", "url", "texts": [what must be readable]}]}. Standard output is one line,
// {"looked": how many views, "problems": [sentences]}.
import { text } from "node:stream/consumers";
import path from "node:path";
import { chromium } from "playwright-core";

const { browser: executablePath, folder, pages } = JSON.parse(await text(process.stdin));
const sizes = { wide: { width: 1100, height: 800 }, phone: { width: 360, height: 740 } };
const problems = [];
let looked = 0;

const browser = await chromium.launch({
  executablePath,
  chromiumSandbox: false,
  args: [
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
  ],
});

async function look(page, { name, url, texts }, view, scheme) {
  const here = `${name}, ${view}, ${scheme}`;
  const problem = (what) => problems.push(`${here}: ${what}`);
  page.on("console", (message) => message.type() === "error" && problem(`console: ${message.text()}`));
  page.on("pageerror", (error) => problem(`script: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problem(`asks elsewhere: ${request.url()}`);
  });
  const response = await page.goto(url, { waitUntil: "load" });
  if (response.status() !== 200) problem(`answers ${response.status()}`);
  const shown = await page.evaluate(() => document.body.innerText);
  for (const wanted of texts) if (!shown.includes(wanted)) problem(`does not say "${wanted}"`);
  const { inner, outer, paper, ink } = await page.evaluate(() => {
    const style = getComputedStyle(document.body);
    const root = document.documentElement;
    return { inner: root.scrollWidth, outer: root.clientWidth, paper: style.backgroundColor, ink: style.color };
  });
  if (inner > outer) problem(`scrolls sideways: ${inner} px in ${outer} px`);
  const [ground, letters] = [brightness(paper), brightness(ink)];
  if (scheme === "light" ? ground <= letters : ground >= letters) problem(`${ink} on ${paper}`);
  if (Math.abs(ground - letters) < 120) problem(`little contrast: ${ink} on ${paper}`);
  if (folder) {
    await page.screenshot({ path: path.join(folder, `${name}-${view}-${scheme}.png`), fullPage: true });
  }
  looked += 1;
}

function brightness(color) {
  const [red, green, blue] = color.match(/\d+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

try {
  for (const [view, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, colorScheme });
      for (const page of pages) {
        const tab = await context.newPage();
        await look(tab, page, view, colorScheme);
        await tab.close();
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify({ looked, problems }));
