/** HTML as GitHub-flavoured Markdown: headings, lists, tables, links. What Markdown has no word for is left out. */
import { gfm } from '@joplin/turndown-plugin-gfm'
import TurndownService from 'turndown'

export function markdownOf(html: string): string {
  const service = new TurndownService({
    headingStyle: 'atx',
    codeBlockStyle: 'fenced',
    bulletListMarker: '-',
  })
  service.use(gfm)
  service.remove(['script', 'style', 'noscript', 'iframe', 'form', 'button'] as never)
  return service.turndown(html).trim()
}
