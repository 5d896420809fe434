import { describe, expect, it } from 'vitest'
import { compareTexts } from './diff.ts'
import { hashText } from './hash.ts'
import { readableText } from './html.ts'

describe('HTML as text', () => {
  it('keeps what a person reads and nothing else', () => {
    const html = `<head><title>t</title><style>p{}</style></head><h1>Bill</h1><script>steal()</script>
      <p>Pay <a href="https://pay.example/1">here</a> &amp; now</p><img alt="pixel" src="x"><ul><li>a<li>b</ul>`
    expect(readableText({ html, links: 'keep' })).toBe(
      'Bill\n\nPay here [https://pay.example/1] & now\n\n * a\n * b',
    )
    expect(readableText({ html, links: 'drop' })).toContain('Pay here & now')
  })

  it('replaces what is nested beyond reason by an ellipsis', () => {
    expect(readableText({ html: `${'<div>'.repeat(600)}deep`, links: 'keep' })).toBe('…')
  })
})

describe('a diff', () => {
  const diff = (before: string, after: string) =>
    compareTexts({ before, after, context: 1, ignoreWhitespace: false })

  it('tells what was added and removed, with its line', () => {
    expect(diff('a\nb\nc\nd\n', 'a\nB\nc\nd\ne\n')).toEqual({
      same: false,
      added: 2,
      removed: 1,
      summary: '2 lines added, 1 removed',
      changes: [
        { kind: 'removed', line: 2, text: 'b' },
        { kind: 'added', line: 2, text: 'B' },
        { kind: 'added', line: 5, text: 'e' },
      ],
      truncated: false,
      unified: '--- before\n+++ after\n@@ -1,4 +1,5 @@\n a\n-b\n+B\n c\n d\n+e\n',
    })
  })

  it('says so when nothing changed, and when there is more than it lists', () => {
    expect(diff('a', 'a')).toMatchObject({ same: true, summary: 'nothing changed', changes: [], unified: '' })
    const many = diff('', Array.from({ length: 1_500 }, (_, i) => `${i}\n`).join(''))
    expect(many).toMatchObject({ added: 1_500, removed: 0, truncated: true })
    expect(many.changes).toHaveLength(1_000)
  })
})

describe('a hash', () => {
  it('is that of the UTF-8 bytes', () => {
    expect(hashText({ text: 'é', algorithm: 'sha256' })).toBe(
      '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c',
    )
    expect(hashText({ text: 'abc', algorithm: 'sha1' })).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
    expect(hashText({ text: 'abc', algorithm: 'md5' })).toBe('900150983cd24fb0d6963f7d28e17f72')
  })
})
