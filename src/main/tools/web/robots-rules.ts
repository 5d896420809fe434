/** What one robots.txt says about one address, for the name that Steward goes by. */
import robotsParser from 'robots-parser'

export interface RobotsInput {
  text: string
  origin: string
  url: string
}

export interface RobotsVerdict {
  allowed: boolean
  /** The line that decides, from 1; null where none does. */
  line: number | null
  /** The distance between two requests that the site asks for, ms. */
  gapMs: number
}

const NAME = 'Steward'
/** Its types speak of a default export inside the one that Node gives. */
const parse = robotsParser as unknown as typeof robotsParser.default

export function judgeRobots({ text, origin, url }: RobotsInput): RobotsVerdict {
  const rules = parse(`${origin}/robots.txt`, text)
  const line = rules.getMatchingLineNumber(url, NAME)
  const delay = rules.getCrawlDelay(NAME)
  return {
    allowed: rules.isAllowed(url, NAME) !== false,
    line: line > 0 ? line : null,
    gapMs: delay !== undefined && Number.isFinite(delay) && delay > 0 ? delay * 1_000 : 0,
  }
}
