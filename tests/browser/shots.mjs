// The main way through, in a real browser with scripts on and off, and a picture of every page. `./x shots` runs it.
//
// It is given the demo's address and console, the folder with playwright-core and axe-core, Chromium's path and a
// folder for the pictures. It ends with exit code 1 where a step fails, axe finds a violation, a page is wider than
// its screen, or the browser complains.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [base, consoleFile, modules, chromiumPath, out] = process.argv.slice(2);
const require = createRequire(join(modules, 'node_modules', '/'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(out, { recursive: true });

const said = readFileSync(consoleFile, 'utf8');
const link = (name) => said.match(new RegExp(`^\\s+${name}\\s+(http:\\S+)`, 'm'))[1];
const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);
const note = (text) => process.stderr.write(`shots: ${text}\n`);

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});

async function visitor(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('console', (line) => {
    // A page that is asked for before it is there answers 404, which the browser notes.
    if (line.type() === 'error' && !line.text().includes('404')) fault(page.url(), line.text());
  });
  return page;
}

async function heading(page, expected) {
  const found = (await page.locator('h1').first().textContent()).trim();
  if (found !== expected) throw new Error(`${page.url()} says “${found}”, not “${expected}”: ${await page.locator('main').innerText()}`);
}

/** Signs a person in by the link of the console, and gives what their browser then holds. */
async function signedIn(name) {
  const page = await visitor();
  await page.goto(link(name));
  await page.locator('main button').click();
  await heading(page, 'What needs you now');
  return page.context().storageState();
}

/** Fills in a form of the case's page and sends it. */
async function act(page, name, fields = {}) {
  const form = page.locator(`form[action$="/${name}"]`);
  if ((await form.count()) === 0) throw new Error(`${name} is not offered at ${page.url()}: ${await page.locator('main').innerText()}`);
  await page.locator('details.offer', { has: form }).locator('summary').click();
  for (const [field, value] of Object.entries(fields)) {
    const input = form.locator(`[name="${field}"]`);
    const kind = await input.evaluate((element) => (element.type === 'file' ? 'file' : element.localName));
    if (kind === 'file') await input.setInputFiles({ name: 'fix.patch', mimeType: 'text/plain', buffer: Buffer.from(value) });
    else if (kind === 'select') await input.selectOption(value);
    else await input.fill(value);
  }
  await form.locator('button').click();
  await heading(page, await title(page));
}

/** The title of the case that the page is about, or why there is none. */
async function title(page) {
  if (!/\/desk\/cases\/[^/]+$/.test(new URL(page.url()).pathname)) {
    throw new Error(`not done, at ${page.url()}: ${await page.locator('main').innerText()}`);
  }
  return (await page.locator('h1').first().textContent()).trim();
}

const PATCH = `--- a/lamp.c
+++ b/lamp.c
@@ -1,3 +1,4 @@
 int lamp_read(int guest, int lamp)
 {
+    if (lamps[lamp].owner != guest) return -1;
     return lamps[lamp].light;
`;

/** From the report to the re-issue, as a reporter and two members of the team. */
async function mainWay(javaScriptEnabled, mara, noor) {
  const flaw = javaScriptEnabled ? 'A lamp can be lit by a stranger' : 'A lamp can be put out by a stranger';
  note(`the main way through, with scripts ${javaScriptEnabled ? 'on' : 'off'}`);
  const reporter = await visitor({ javaScriptEnabled });
  await reporter.goto(`${base}/report/lantern`);
  await reporter.fill('#title', flaw);
  await reporter.fill('#text', 'Ask for lamp 2 from guest 1.');
  await reporter.locator('main button').click();
  await reporter.locator('main button').click();
  await reporter.waitForURL(`${base}/mailbox`);

  const desk = await visitor({ javaScriptEnabled, storageState: mara });
  await desk.goto(`${base}/desk/cases`);
  await desk.locator('main tbody a', { hasText: flaw }).click();
  const page = desk.url();
  await act(desk, 'acknowledge', { text: 'Thank you, we see it too.' });
  await act(desk, 'confirm', { releases: '2.2' });
  // The first whole minute that leaves the team enough time for what follows.
  const until = new Date(Math.ceil((Date.now() + 45_000) / 60_000) * 60_000);
  await act(desk, 'propose-embargo', { until: until.toISOString().replace('.000', '') });
  // Whoever left no address is not asked; the mailbox says what was agreed.
  await reporter.reload();
  await reporter.getByText('the embargo is agreed').waitFor();
  await desk.goto(page);
  await act(desk, 'attach-patch', { release: '2.2', file: PATCH });
  await act(desk, 'record-test', { release: '2.2', outcome: 'pass' });
  await act(desk, 'assign-number');
  await writeAdvisory(desk, page, flaw);
  await act(desk, 'predisclose');
  const second = await visitor({ javaScriptEnabled, storageState: noor });
  await second.goto(page);
  await act(second, 'approve');
  await desk.goto(page);
  await act(desk, 'announce');

  const anybody = await visitor({ javaScriptEnabled });
  const isListed = async () => {
    await anybody.goto(`${base}/projects/lantern.html`);
    return (await anybody.locator('main a', { hasText: flaw }).count()) > 0;
  };
  if (await isListed()) throw new Error('the advisory is public before its instant');
  while (Date.now() < until.getTime() + 5_000 && !(await isListed())) await anybody.waitForTimeout(500);
  if (Date.now() < until.getTime()) throw new Error('the advisory was public before its instant');
  await anybody.locator('main a', { hasText: flaw }).click();
  const advisory = anybody.url();

  await desk.goto(page);
  await reissue(desk, page);
  await second.goto(page);
  await act(second, 'approve');
  await desk.goto(page);
  await act(desk, 'announce');
  await anybody.waitForTimeout(1_000);
  await anybody.goto(advisory);
  if (!(await anybody.locator('main').innerText()).includes('The title says more.')) throw new Error('the re-issue is not public');
  for (const one of [reporter, desk, second, anybody]) await one.context().close();
  return { page, advisory };
}

async function writeAdvisory(desk, page, flaw) {
  await desk.goto(`${page}/advisory`);
  const text = (await model(desk)).replace(/^title = .*$/m, `title = "${flaw}"`);
  await desk.goto(`${page}/advisory`);
  await desk.fill('#draft', text);
  await desk.locator('button[value="look"]').click();
  await desk.getByText('As it would become public').waitFor();
  await desk.locator('button[value="save"]').click();
  await heading(desk, 'The advisory');
  await desk.goto(page);
}

/** The text of the advisory that the demo's own case has: a draft that is complete. */
async function model(desk) {
  await desk.goto(`${base}/desk/cases`);
  await desk.locator('main tbody a', { hasText: 'A guest can read its neighbour' }).click();
  await desk.goto(`${desk.url()}/advisory`);
  return desk.inputValue('#draft');
}

async function reissue(desk, page) {
  await desk.goto(`${page}/advisory`);
  const text = await desk.inputValue('#draft');
  await desk.goto(page);
  await act(desk, 'reissue', { draft: text, changes: 'The title says more.', action: 'not-again' });
}

/** A picture of each page, what axe says of it, and whether it fits its screen. */
async function pictures(name, pages, storageState) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      const page = await visitor({ colorScheme, viewport: { width, height: 900 }, storageState, bypassCSP: false });
      for (const [what, path] of Object.entries(pages)) {
        const where = `${name}-${what}-${colorScheme}-${width}`;
        await page.goto(new URL(path, base).href);
        await page.screenshot({ path: join(out, `${where}.png`), fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
        if (wide) fault(where, 'the page is wider than the screen');
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        for (const { id, nodes } of violations) fault(where, `axe: ${id}: ${nodes[0].html.slice(0, 160)}`);
      }
      await page.context().close();
    }
  }
}

let done = {};
try {
  const [mara, noor] = [await signedIn('mara'), await signedIn('noor')];
  for (const javaScriptEnabled of [true, false]) done = await mainWay(javaScriptEnabled, mara, noor);
  note('pictures');
  const key = said.match(/(http:\S+\/mailbox\/\S+)/)[1];
  const reporter = await visitor({});
  await reporter.goto(key);
  await reporter.locator('main button').click();
  const mailbox = await reporter.context().storageState();
  await pictures('public', {
    start: '/', home: '/index.html', advisories: '/projects/lantern.html', advisory: done.advisory, policy: '/policy/lantern.html', members: '/members/lantern.html',
    reports: '/report', report: '/report/lantern', mailbox: '/mailbox', 'sign-in': '/sign-in', recover: '/recover',
    letters: '/demo/mail', letter: '/demo/mail/1', nothing: '/nothing',
  });
  await pictures('reporter', { mailbox: '/mailbox' }, mailbox);
  await pictures('desk', {
    now: '/desk', cases: '/desk/cases', case: done.page, advisory: `${done.page}/advisory`, calendar: '/desk/calendar',
    invitations: '/desk/invitations', tokens: '/account/tokens', sessions: '/account/sessions', ways: '/account/sign-in', 'second-factor': '/account/second-factor',
  }, mara);
} catch (error) {
  fault('the main way through', error.message);
  // What every visitor saw at the time.
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    fault(page.url(), await page.locator('main').innerText());
  }
}
await browser.close();
for (const line of faults) note(line);
note(faults.length === 0 ? `no faults; the pictures are in ${out}` : `${faults.length} faults; the pictures are in ${out}`);
process.exit(faults.length === 0 ? 0 : 1);
