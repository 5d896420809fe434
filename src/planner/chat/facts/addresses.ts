/** Addresses in a sentence, also those written without `https://`. Pure. */
import type { FactOf, Found } from './fact.ts'

/** Top-level names that need neither `www.` nor a path to be taken for an address. None is a common file ending. */
const TOP =
  'com|org|net|edu|gov|int|io|dev|app|ai|co|me|tv|info|biz|news|shop|store|blog|cloud|online|site|tech|xyz|wiki|social|eu|de|at|ch|uk|us|ca|au|nz|ie|fr|nl|be|it|es|pt|se|no|fi|dk|cz|jp|kr|br|mx|in|za|example|test'
const WRITTEN = /(?<![\p{L}\p{N}@./])(?:https?|webcals?|feed):\/\/[^\s<>"“”„«»]+/giu
const BARE = new RegExp(
  String.raw`(?<![\p{L}\p{N}@./:_-])(?:(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])(?::\d{1,5})?(?:[/?#][^\s<>"“”„«»]*)?(?![\p{L}\p{N}@])`,
  'giu',
)
/** By its name, news come from there. */
const FEED = /(?:[/.=_-](?:rss2?|atom|feeds?)(?:[/.?&_-]|$)|\.rdf$)/i
const KNOWN_TOP = new RegExp(`\\.(?:${TOP})$`, 'i')
const LOCAL = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])$/i

export function addressesIn(text: string): Found<FactOf<'address'>>[] {
  const written = [...text.matchAll(WRITTEN)].map(match => placed(match.index, trimmed(match[0]), ''))
  const bare = [...text.matchAll(BARE)].flatMap(match => {
    if (written.some(({ from, to }) => match.index < to && match.index + match[0].length > from)) return []
    const said = trimmed(match[0])
    const scheme = schemeFor(said)
    return scheme === null ? [] : [placed(match.index, said, scheme)]
  })
  return [...written, ...bare].filter(({ url }) => URL.canParse(url)).toSorted((a, b) => a.from - b.from)
}

function placed(from: number, said: string, scheme: string): Found<FactOf<'address'>> {
  return { kind: 'address', url: `${scheme}${said}`, feed: FEED.test(said), from, to: from + said.length }
}

/** What a bare name needs in front; null where it is no address: `report.pdf`, `z.B.`, `3.5`. */
function schemeFor(said: string): string | null {
  const [authority = ''] = said.split(/[/?#]/)
  const host = authority.replace(/:\d+$/, '')
  if (LOCAL.test(host)) return host.toLowerCase() === 'localhost' || said !== host ? 'http://' : 'https://'
  const isSure = /^www\./i.test(host) || said.length > authority.length || authority !== host
  return KNOWN_TOP.test(host) || (isSure && /\.\p{L}{2,}$/u.test(host)) ? 'https://' : null
}

/** Without what ends the sentence, or closes a bracket that was opened before the address. */
function trimmed(said: string): string {
  const bare = said.replace(/[.,;:!?'’)\]}>]+$/u, '')
  const cut = said.slice(bare.length)
  const opens = bare.split('(').length - bare.split(')').length
  return cut.startsWith(')') && opens > 0 ? `${bare})` : bare.replace(/\[[^\]]*$/, match => `${match}]`)
}
