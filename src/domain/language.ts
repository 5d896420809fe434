/** What people are spoken to in. */
export type Language = 'en' | 'de'
