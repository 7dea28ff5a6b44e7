"""What becomes of outputs: policy, guard, crossfade, action."""
