import { renderSVG } from 'uqr';
import type { Language, Messages } from '../messages/messages.ts';
import type { PageKey, PageSection, RecoveryPage } from './recovery-page.ts';

/** A recovery kit as one HTML file that needs nothing else, black on white, for A4. */
export function recoveryPageHtml(page: RecoveryPage, words: Messages['recoveryKit'], language: Language): string {
  const title = `${page.title}: ${page.project}`;
  return [
    '<!doctype html>',
    `<html lang="${language}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Nothing is loaded, nothing runs, and no search engine keeps it.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="robots" content="noindex">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<header><p class="kind">${escape(page.title)}</p><h1>${escape(page.project)}</h1></header>`,
    `<dl>${page.facts.map(({ name, value }) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>`,
    `<p class="${page.caution.isSerious ? 'caution serious' : 'caution'}">${escape(page.caution.text)}</p>`,
    ...page.sections.map((section) => sectionHtml(section, words)),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function sectionHtml({ heading, text, key, commands }: PageSection, words: Messages['recoveryKit']): string {
  return [
    '<section>',
    ...(heading === undefined ? [] : [`<h2>${escape(heading)}</h2>`]),
    ...text.map((one) => `<p>${escape(one)}</p>`),
    ...(key === undefined ? [] : [keyHtml(key, words)]),
    ...(commands === undefined
      ? []
      : [`<pre>${commands.map((line) => `<code>${escape(line)}</code>`).join('\n')}</pre>`]),
    '</section>',
  ].join('\n');
}

/** The gaps between the pieces are room, no blanks: what is copied from the page is the key. */
function keyHtml({ groups, isLines, codes }: PageKey, words: Messages['recoveryKit']): string {
  const pieces = groups.map((group) => `<span>${escape(group)}</span>`).join(isLines ? '\n' : '<wbr>');
  const pictures = codes.map((code, at) => {
    const picture = renderSVG(code, { ecc: 'M', border: 4, pixelSize: 1 });
    const caption = codes.length === 1 ? '' : `<figcaption>${escape(words.page(at + 1, codes.length))}</figcaption>`;
    return `<figure>${picture}${caption}</figure>`;
  });
  return `<div class="key${isLines ? ' lines' : ''}"><p class="secret">${pieces}</p>${pictures.join('')}</div>`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

const style = `
@page { size: A4; margin: 16mm 17mm; }
* { box-sizing: border-box; margin: 0; }
html { background: #fff; color: #000; -webkit-text-size-adjust: 100%; }
body { font: 10.5pt/1.5 system-ui, "Helvetica Neue", Arial, "Noto Sans", "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif; }
main { max-width: 176mm; margin: 0 auto; padding: 12mm 0; }
header { border-bottom: 1.5pt solid #000; padding-bottom: 3mm; }
.kind { font-size: 10pt; letter-spacing: .04em; color: #333; }
h1 { font-size: 22pt; line-height: 1.2; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 13pt; line-height: 1.3; font-weight: 650; margin: 7mm 0 2mm; break-after: avoid; }
dl { display: grid; grid-template-columns: 1fr; gap: .8mm; margin: 4mm 0; }
dl div { display: grid; grid-template-columns: 40mm 1fr; }
dt { color: #333; }
dd { overflow-wrap: anywhere; }
section { margin-top: 3mm; break-inside: avoid; }
section p { margin-bottom: 1.5mm; overflow-wrap: anywhere; orphans: 3; widows: 3; }
.caution { border: .75pt solid #000; padding: 2.5mm 3.5mm; }
.serious { border-width: 2pt; font-weight: 600; }
.key { display: flex; gap: 8mm; align-items: center; justify-content: space-between; margin: 3mm 0; break-inside: avoid; }
.secret { font: 600 14pt/1.7 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; flex: 1; }
.secret span { margin-right: 3.2mm; white-space: pre-wrap; overflow-wrap: anywhere; }
.lines { flex-wrap: wrap; justify-content: flex-start; break-inside: auto; }
.lines .secret { flex: 0 0 100%; font-size: 8pt; font-weight: 400; line-height: 1.35; white-space: pre; }
figure { break-inside: avoid; }
figure svg { display: block; width: 46mm; height: 46mm; shape-rendering: crispEdges; }
.lines figure svg { width: 80mm; height: 80mm; }
figcaption { text-align: center; font-size: 9pt; }
pre { font: 8.2pt/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: #fff; border: .5pt solid #777; border-left-width: 2.5pt; padding: 2mm 3mm; margin: 1.5mm 0 3mm; white-space: pre-wrap; overflow-wrap: anywhere; break-inside: avoid; }
pre code { font: inherit; display: inline-block; width: 100%; padding-left: 6mm; text-indent: -6mm; vertical-align: top; }
@media screen { main { padding: 12mm 6mm; } }
@media print { main { max-width: none; padding: 0; } }
`;
