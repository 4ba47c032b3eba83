// What a browser makes of the page of `sealwatch replay --format html`: nothing in it runs or leaves, and it can be read,
// searched, unfolded and printed. Needs what `make tools` installs. CHROMIUM names another browser to take.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const installed = createRequire(join(ROOT, '.tools/report/package.json'));
const { chromium: playwright } = installed('playwright-core');
const { default: packed } = installed('@sparticuz/chromium');

const HOSTILE = '"\'><script>window.__pwned = 1</script></pre></code><img src=x onerror="window.__pwned = 2">]]>-->';
let folder;
let browser;
let samples;
let hostile;

const replay = (...paths) => {
  const command = ['run', '--quiet', '--locked', '--package', 'sealwatch', '--', 'replay', '--format', 'html', ...paths];
  return execFileSync('cargo', command, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
};

const written = (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

before(async () => {
  mkdirSync(tmpdir(), { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'report-'));
  samples = written('samples.html', replay('events', '--state', 'events/state.json'));
  const event = JSON.parse(readFileSync(join(ROOT, 'events/trail/redirected-by-hostile-caller.json'), 'utf8'));
  event.detail.userAgent = HOSTILE;
  event.detail.eventID = HOSTILE;
  event.detail.userIdentity.arn = HOSTILE;
  event.detail.requestParameters.s3BucketName = HOSTILE;
  hostile = written('hostile.html', replay(written('hostile.json', JSON.stringify(event))));
  const executablePath = process.env.CHROMIUM ?? await packed.executablePath();
  // Root, as whom tests run in containers, has no sandbox.
  browser = await playwright.launch({ executablePath, args: ['--no-sandbox', '--headless=shell'] });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

// Opens a file; what it asks for and complains of is gathered.
const open = async (path, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push('a dialog'); dialog.dismiss(); });
  await page.goto(pathToFileURL(path).href);
  return { page, requests, complaints };
};

const rows = (page) => page.locator('.receipts > ol > li');
const shown = (page) => rows(page).filter({ visible: true }).count();
const told = (page, words) => page.waitForFunction((words) => document.querySelector('#told').value === words, words);

test('it loads in peace, asks for nothing, and is styled', async () => {
  const { page, requests, complaints } = await open(samples);
  await page.waitForTimeout(200);
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests, [pathToFileURL(samples).href]);
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.tiles')).display), 'grid');
  assert.ok(await page.locator('#tools').isVisible(), 'the script ran');
});

test('texts of events are text', async () => {
  const { page, requests, complaints } = await open(hostile);
  await page.locator('summary.row').click();
  for (const more of await page.locator('details.more summary').all()) if (await more.isVisible()) await more.click();
  await page.locator('#search').fill(HOSTILE);
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => window.__pwned), undefined);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('script').count(), 1);
  assert.ok((await page.locator('.receipts').textContent()).includes('<script>window.__pwned = 1</script>'));
  assert.deepEqual([complaints, requests.length], [[], 1]);
});

test('an escape that slipped would neither run nor ask for anything', async () => {
  const asked = [];
  const server = createServer((request, response) => { asked.push(request.url); response.end(); });
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready).unref(); });
  const there = `http://127.0.0.1:${server.address().port}`;
  const slipped = `<script>window.__pwned = 1</script><script src="${there}/script"></script><img src="x" onerror="window.__pwned = 2">
    <img src="${there}/image"><link rel="stylesheet" href="${there}/style"><style>body { display: none }</style><iframe src="${there}/frame"></iframe>
    <iframe srcdoc="<script>parent.__pwned = 3</script>"></iframe><a id="slipped" href="javascript:window.__pwned = 4">x</a><button onclick="window.__pwned = 5">x</button>`;
  const broken = readFileSync(samples, 'utf8').replace('<ol>', `${slipped}<ol>`);
  const { page, complaints } = await open(written('slipped.html', broken));
  await page.locator('#slipped').evaluate((link) => link.click());
  await page.locator('[onclick]').evaluate((button) => button.click());
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => window.__pwned), undefined);
  assert.ok(complaints.some((text) => text.includes('Content Security Policy')), 'the browser tells of it');
  assert.deepEqual(asked, []);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).display), 'none');
  server.close();
});

test('a receipt unfolds by keyboard, and its commands can be copied', async () => {
  const { page } = await open(samples);
  const row = page.locator('li[data-s]', { has: page.locator('pre.copy') }).first();
  await page.locator('#guard').focus();
  for (let steps = 0; steps < 50; steps += 1) {
    await page.keyboard.press('Tab');
    if (await row.locator('summary.row').evaluate((summary) => summary === document.activeElement)) break;
  }
  assert.ok(await row.locator('summary.row').evaluate((summary) => summary === document.activeElement), 'it has the focus');
  assert.equal(await row.locator('.finding').first().isVisible(), false);
  await page.keyboard.press('Enter');
  assert.ok(await row.locator('.finding').first().isVisible());
  const command = await row.locator('pre.copy code').first().textContent();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await row.getByRole('button', { name: 'Copy' }).first().press('Enter');
  await row.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  await row.locator('details.more > summary', { hasText: 'Receipt as JSON' }).press('Space');
  const json = JSON.parse(await row.locator('details.more pre').last().textContent());
  assert.equal(json.guard, await row.getAttribute('data-g'));
});

test('search and filters hide rows, and say how many are left', async () => {
  const { page } = await open(samples);
  const all = await rows(page).count();
  assert.equal(await shown(page), all);
  const holding = (words) => rows(page).evaluateAll(
    (rows, words) => rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word))).length, words);
  const wanted = await holding(['cn-north-1', 'stoplogging']);
  assert.ok(wanted > 0 && wanted < all);
  await page.locator('#search').fill('StopLogging  CN-north-1');
  await told(page, `${wanted} of ${all} shown`);
  assert.equal(await shown(page), wanted);
  await page.locator('#search').fill('');
  await told(page, `${all} of ${all} shown`);
  await page.locator('#severity').selectOption('high');
  const bad = await page.locator('li[data-s="high"], li[data-s="critical"]').count();
  await told(page, `${bad} of ${all} shown`);
  await page.locator('#guard').selectOption('trail');
  const trails = await page.locator('li[data-g="trail"][data-s="high"], li[data-g="trail"][data-s="critical"]').count();
  await told(page, `${trails} of ${all} shown`);
  await page.locator('#guard').selectOption('');
  await page.locator('#severity').selectOption('none');
  await told(page, `${await page.locator('li[data-g]:not([data-s])').count()} of ${all} shown`);
  await page.locator('#severity').selectOption('');
  const finding = page.locator('#findings button').first();
  const id = await finding.textContent();
  await finding.press('Enter');
  await told(page, `${await holding([id])} of ${all} shown`);
});

test('without script everything is there but the search', async () => {
  const { page } = await open(samples, { javaScriptEnabled: false });
  assert.equal(await page.locator('#tools').isVisible(), false);
  const row = page.locator('li[data-s]').first();
  await row.locator('summary.row').click();
  assert.ok(await row.locator('.finding').first().isVisible());
  await row.locator('details.more > summary').last().click();
  assert.ok(await row.locator('details.more pre').last().isVisible());
});

test('printed, findings are unfolded and controls are gone', async () => {
  const { page } = await open(samples, { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('#tools').isVisible(), false);
  assert.ok(await page.locator('li[data-s] .finding').first().isVisible());
  const heights = await page.locator('li[data-s] .body').evaluateAll((bodies) => bodies.map((body) => body.clientHeight));
  assert.ok(heights.length > 0 && heights.every((height) => height > 40), String(heights));
  assert.equal(await page.locator('.more').first().isVisible(), false);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
});

// Of every text: the ratio to what it stands on, by WCAG 2.2, 1.4.3.
const faint = () => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((it) => it / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const element of document.querySelectorAll('body *:not(script)')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.set(`${element.tagName}.${element.className}`, ratio.toFixed(2));
  }
  return [...found];
};

test('light and dark differ, and both can be read', async () => {
  const grounds = [];
  for (const colorScheme of ['light', 'dark']) {
    const { page } = await open(samples, { colorScheme });
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    assert.deepEqual(await page.evaluate(faint), [], colorScheme);
  }
  assert.notEqual(grounds[0], grounds[1]);
});

test('nothing is cut off or has to be scrolled aside, down to a phone', async () => {
  for (const width of [1280, 1000, 768, 390, 320]) {
    const { page } = await open(samples, { viewport: { width, height: 800 } });
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `${width} px`);
  }
});
