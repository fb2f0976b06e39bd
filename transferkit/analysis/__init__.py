"""What networks learnt: questions about a trained potential that its errors do not answer."""
