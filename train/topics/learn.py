"""The learner: one linear classifier a concept, whose weight for a phrase is the sum of a weight of its own, one that
follows from the phrase's vector, and one from the lexicon. Labels may be soft."""

import numpy as np
import torch

torch.set_num_threads(2)


class Linear:
    """Weights of all concepts for counts x (sparse), vectors z and lexicon scores (dense, by concept)."""

    def __init__(self, phrases, dims, concepts):
        self.own = torch.zeros(phrases, concepts)
        self.dense = torch.zeros(dims, concepts)
        self.trust = torch.full((concepts,), 2.0)
        self.bias = torch.full((concepts,), -3.0)

    def logits(self, x, z, lexicon):
        """Logits of rows, as an array."""
        return x @ self.own.numpy() + z @ self.dense.numpy() + lexicon * self.trust.numpy() + self.bias.numpy()

    def folded(self, vectors, prior):
        """One weight for each phrase and concept: what the tagger needs."""
        return self.own.numpy() + vectors @ self.dense.numpy() + prior.multiply(self.trust.numpy()[None, :]).toarray()


def fit(x, z, lexicon, target, weight, seed=1, epochs=7, batch=1024, rate=0.1, decay=1e-5, shrink=1e-4, use=(1, 1, 1)):
    """Trains on rows of x, z, lexicon with targets (soft or 0 and 1) and a weight per row. `use` switches the parts."""
    random = np.random.default_rng(seed)
    model = Linear(x.shape[1], z.shape[1], target.shape[1])
    if not use[2]:
        model.trust.zero_()
    parts = [(model.own, rate, decay, use[0]), (model.dense, rate / 2, shrink, use[1]),
             (model.trust, 0.02, 0, use[2]), (model.bias, 0.05, 0, 1)]
    optimizer = torch.optim.Adam([{"params": [p], "lr": lr} for p, lr, _, on in parts if on], betas=(0.9, 0.98), fused=True)
    first = [group["lr"] for group in optimizer.param_groups]
    per_epoch = -(-x.shape[0] // batch)
    for step in range(epochs * per_epoch):
        if step % per_epoch == 0:
            order = random.permutation(x.shape[0])
        rows = np.sort(order[step % per_epoch * batch:][:batch])
        xs, zs, ls = x[rows], z[rows], lexicon[rows]
        error = 1 / (1 + np.exp(-model.logits(xs, zs, ls))) - target[rows]
        error *= weight[rows][:, None] / len(rows)
        grads = [lambda: xs.T.tocsr() @ error, lambda: zs.T @ error, lambda: (ls * error).sum(0), lambda: error.sum(0)]
        for (param, _, penalty, on), grad in zip(parts, grads):
            if on:
                param.grad = torch.from_numpy(np.ascontiguousarray(grad(), dtype=np.float32)).add_(param, alpha=penalty)
        for group, lr in zip(optimizer.param_groups, first):
            group["lr"] = lr * (1 - step / (epochs * per_epoch))
        optimizer.step()
    return model
