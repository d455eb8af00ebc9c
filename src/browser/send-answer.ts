// Sends a form of the sign-in page with an answer that the script has got.

/** The form and the values of its hidden fields. */
export const sendAnswer = (form: HTMLFormElement, values: Readonly<Record<string, string>>): void => {
  for (const [name, value] of Object.entries(values)) {
    const input = form.elements.namedItem(name)
    if (input instanceof HTMLInputElement) input.value = value
  }
  // Without the checks of the browser: an empty code is meant where the link was confirmed.
  form.submit()
}
