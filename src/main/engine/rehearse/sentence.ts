/** What a call would have done, in words: a tool's own past-tense sentence made conditional. */

/** Past tense → participle, where they differ; all other verbs have one form for both. */
const PARTICIPLES: Readonly<Record<string, string>> = {
  became: 'become',
  began: 'begun',
  broke: 'broken',
  came: 'come',
  chose: 'chosen',
  did: 'done',
  drew: 'drawn',
  fell: 'fallen',
  forgot: 'forgotten',
  froze: 'frozen',
  gave: 'given',
  grew: 'grown',
  hid: 'hidden',
  knew: 'known',
  ran: 'run',
  rewrote: 'rewritten',
  saw: 'seen',
  showed: 'shown',
  shrank: 'shrunk',
  spoke: 'spoken',
  threw: 'thrown',
  took: 'taken',
  undid: 'undone',
  was: 'been',
  went: 'gone',
  withdrew: 'withdrawn',
  wrote: 'written',
}

/** "Wrote a.txt" → "Would have written a.txt". */
export function conditional(sentence: string): string {
  const [, verb = '', rest = ''] = /^(\p{L}*)(.*)$/su.exec(sentence) ?? []
  const past = verb.toLowerCase()
  const participle = Object.hasOwn(PARTICIPLES, past) ? PARTICIPLES[past] : past
  return `Would have ${participle ?? past}${rest}`
}
