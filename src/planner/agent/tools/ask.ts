/** The one tool by which a model asks a person something. Permission is not asked for: the contract is. */
import { z } from 'zod'
import { define } from './kit.ts'

export const askUser = define({
  name: 'ask_user',
  description:
    'Ask the person one short question, in their language, when something only they can know is missing. Offer choices they can tap where there are few. Never ask for passwords or keys, and not for permission: the contract does that.',
  input: z.strictObject({
    question: z.string().min(1).max(600),
    example: z.string().max(200).optional(),
    choices: z
      .array(z.strictObject({ value: z.string().min(1).max(100), label: z.string().min(1).max(200) }))
      .max(6)
      .default([]),
  }),
  doing: 'Asking',
  run: ({ question, example, choices }, { draft }) => ({
    is: 'question',
    open: { about: 'model', text: question, example: example ?? null, choices, looks: null },
    draft,
  }),
})
