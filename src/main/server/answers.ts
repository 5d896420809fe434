/**
 * What the API answers, by name: the schemas of its document, against which tests hold every real answer. Loaded when
 * somebody asks for the document, not before: handlers need none of them.
 */
import { automationAnswers } from './answers/automations.ts'
import { peopleAnswers } from './answers/people.ts'
import { runAnswers } from './answers/runs.ts'
import { stewardAnswers } from './answers/steward.ts'

export const answers = { ...runAnswers, ...automationAnswers, ...peopleAnswers, ...stewardAnswers }

export type AnswerName = keyof typeof answers
