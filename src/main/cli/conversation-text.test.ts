import { describe, expect, it } from 'vitest'
import type { ConversationView } from '../server/api.ts'
import { conversationText } from './conversation-text.ts'

const VIEW: ConversationView = {
  chatId: 'chat_1',
  taskId: 'task_1',
  stage: 'confirming',
  turn: 3,
  automation: null,
  progress: null,
  costMicros: 0,
  chatCostMicros: 0,
  at: 0,
  text: 'This is what it would do.',
  question: null,
  offers: [],
  settings: [],
  contract: [],
  dryRun: null,
  assumptions: [],
  notes: [],
  despite: null,
  changes: [],
  script: null,
  runs: [],
}
const DRY_RUN = {
  state: 'returned' as const,
  given: 'own' as const,
  hash: 'abc',
  counts: { reads: 1, changes: 0, asks: 0, refused: 0 },
  lines: ['Would move a.pdf'],
  linesLeftOut: 2,
  missed: [],
  failure: null,
  untouched: ['~/Taxes is granted; the script does not name it, and the rehearsal did not touch it.'],
}

describe('a turn of a conversation, as text', () => {
  it('says what a dry run did not need of what is granted', () => {
    expect(conversationText({ ...VIEW, dryRun: DRY_RUN })).toBe(
      [
        'This is what it would do.',
        '',
        'Dry run',
        '  Would move a.pdf',
        '  … 2 more',
        '',
        'Granted, not used',
        '  ~/Taxes is granted; the script does not name it, and the rehearsal did not touch it.',
      ].join('\n'),
    )
  })

  it('leads to the runs that an answer speaks of', () => {
    expect(conversationText({ ...VIEW, stage: 'told', text: 'It looked in run_1.', runs: ['run_1'] })).toBe(
      ['It looked in run_1.', '', 'To look closer', '  steward runs show run_1'].join('\n'),
    )
  })

  it('writes no control character of what a model said to the terminal', () => {
    const text = conversationText({ ...VIEW, text: 'a\u001b[2Jb', runs: ['run_\u001b]0;x\u0007'] })
    expect(text).not.toMatch(/\u001b|\u0007/)
  })
})
