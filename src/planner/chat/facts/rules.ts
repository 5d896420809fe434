/** Sorting rules in a sentence: “pdf to Documents, jpg into Pictures”. Pure. */
import type { FactOf, Found } from './fact.ts'

const RULE =
  /(?<![\p{L}\p{N}])\.?(pdf|jpe?g|png|gif|heic|webp|zip|dmg|exe|deb|mp3|wav|mp4|mov|csv|xlsx?|docx?|pptx?|odt|txt|md|epub|svg|json|iso)s?(?:-?\s?(?:files?|dateien))?\s*(?:→|->|=>|\sto\s|\sinto\s|\sin\s|\snach\s)\s*(?:the |my |den |einen |a )?["“„]?([\p{Lu}\p{N}][\p{L}\p{N}_-]*)["“”]?/gu

/** All of them as one fact. */
export function rulesIn(text: string): Found<FactOf<'rules'>>[] {
  const found = [...text.matchAll(RULE)]
  const [first] = found
  const last = found.at(-1)
  if (first === undefined || last === undefined) return []
  const rules = found.map(([, ending = '', folder = '']) => `${ending.toLowerCase()} → ${folder}`).join('; ')
  return [{ kind: 'rules', rules, from: first.index, to: last.index + last[0].length }]
}
