/** HTML as a person would read it aloud: no markup, scripts or styles; links kept or dropped. */
import { htmlToText } from 'html-to-text'

export interface HtmlInput {
  html: string
  links: 'keep' | 'drop'
}

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
/** Deeper markup than any page has; below it text is replaced by an ellipsis. */
const DEEPEST = 500

export function readableText({ html, links }: HtmlInput): string {
  return htmlToText(html, {
    wordwrap: false,
    limits: { maxDepth: DEEPEST, ellipsis: '…' },
    selectors: [
      { selector: 'a', options: { ignoreHref: links === 'drop', hideLinkHrefIfSameAsText: true } },
      { selector: 'img', format: 'skip' },
      ...['script', 'style', 'template', 'noscript', 'head'].map(selector => ({ selector, format: 'skip' })),
      ...HEADINGS.map(selector => ({ selector, options: { uppercase: false } })),
    ],
  })
}
