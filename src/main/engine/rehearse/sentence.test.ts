import { describe, expect, it } from 'vitest'
import { conditional } from './sentence.ts'

describe('a sentence about what would have been done', () => {
  it.each([
    ['Moved a.pdf to Receipts', 'Would have moved a.pdf to Receipts'],
    ['Wrote a.txt', 'Would have written a.txt'],
    ['Sent POST to example.org/hook', 'Would have sent POST to example.org/hook'],
    ['Put a.txt into the trash', 'Would have put a.txt into the trash'],
    ['Forgot “cursor”', 'Would have forgotten “cursor”'],
    ['Took back line one\nand two', 'Would have taken back line one\nand two'],
    ['Öffnete x', 'Would have öffnete x'],
    ['', 'Would have '],
  ])('S6 “%s” becomes “%s”', (said, expected) => {
    expect(conditional(said)).toBe(expected)
  })
})
