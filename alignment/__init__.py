"""From feedback to a candidate: snapshot, reward model, policy, registration. Batch work; nothing here is served."""
