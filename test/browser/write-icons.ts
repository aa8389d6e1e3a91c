/** Draws the console's icons as PNG from its SVG, with Chromium: npm run icons. The files are kept with the sources, so that a build needs no browser. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser, requireChromium } from "./open-browser.ts";

const directory = new URL("../../apps/console/public/", import.meta.url);

interface Icon {
  name: string;
  px: number;
  /** Of the mark in the whole: systems cut a maskable icon down to a circle of four fifths. */
  share: number;
  /** Corners stay clear; else the ground fills all. */
  isOpen: boolean;
}

const icons: readonly Icon[] = [
  { name: "icon-192.png", px: 192, share: 1, isOpen: true },
  { name: "icon-512.png", px: 512, share: 1, isOpen: true },
  { name: "icon-maskable-512.png", px: 512, share: 0.72, isOpen: false },
  { name: "icon-180.png", px: 180, share: 0.88, isOpen: false },
];
/** The ground of the SVG. */
const ground = /fill="(#[0-9a-f]{6})"/i;

const executable = await requireChromium();
const svg = await readFile(new URL("icon.svg", directory), "utf8");
const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
const color = ground.exec(svg)?.[1] ?? "#ffffff";
await using browser = await openBrowser(executable);
for (const { name, px, share, isOpen } of icons) {
  const page = await browser.browser.newPage({ viewport: { width: px, height: px } });
  const size = Math.round(px * share);
  await page.setContent(
    `<body style="margin:0;display:grid;place-items:center;width:${px}px;height:${px}px;background:${isOpen ? "transparent" : color}"><img src="${source}" width="${size}" height="${size}"></body>`,
  );
  await page.waitForFunction("document.images[0].complete && document.images[0].naturalWidth > 0");
  const bytes = await page.screenshot({ omitBackground: true });
  await writeFile(fileURLToPath(new URL(name, directory)), bytes);
  await page.close();
}
