/** HTML as lines of text that can be compared: a paragraph, a list item, a row of a table each on a line of its own. */
import { compile, type FormatCallback } from 'html-to-text'

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
const SKIPPED = ['img', 'script', 'style', 'template', 'noscript', 'head']
/** Deeper markup than any page has; below it text is replaced by an ellipsis. */
const DEEPEST = 500

const row: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 })
  walk(element.children, builder)
  builder.closeBlock({ trailingLineBreaks: 1 })
}

const cell: FormatCallback = (element, walk, builder) => {
  const cells = (element.parent?.children ?? []).filter(({ name }) => name === 'td' || name === 'th')
  if (cells[0] !== element) builder.addInline(' | ')
  walk(element.children, builder)
}

const convert = compile({
  wordwrap: false,
  limits: { maxDepth: DEEPEST, ellipsis: '…' },
  formatters: { row, cell },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'table', format: 'block' },
    { selector: 'tr', format: 'row' },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
    { selector: 'caption', format: 'row' },
    ...SKIPPED.map(selector => ({ selector, format: 'skip' })),
    ...HEADINGS.map(selector => ({ selector, options: { uppercase: false } })),
  ],
})

/** No line begins or ends with space, and at most one empty line stands between two. */
export function plainText(html: string): string {
  return convert(html)
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
    .toWellFormed()
}
