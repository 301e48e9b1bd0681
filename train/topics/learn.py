"""The learner: one linear classifier a concept, whose weight for a phrase is the sum of a weight of its own, one that
follows from the phrase's vector, and one from the lexicon. Labels may be soft."""

import numpy as np
import torch
from torch import nn

torch.set_num_threads(2)


class Linear(nn.Module):
    """Logits of all concepts. `prior` (phrases x concepts) marks what the lexicon says."""

    def __init__(self, phrases, dims, concepts):
        super().__init__()
        self.own = nn.Parameter(torch.zeros(phrases, concepts))
        self.dense = nn.Parameter(torch.zeros(dims, concepts))
        self.trust = nn.Parameter(torch.full((concepts,), 2.0))
        self.bias = nn.Parameter(torch.full((concepts,), -3.0))

    def forward(self, counts, vectors, lexicon):
        return torch.sparse.mm(counts, self.own) + vectors @ self.dense + lexicon * self.trust + self.bias


def slice_csr(x, rows):
    part = x[rows]
    return torch.sparse_csr_tensor(torch.from_numpy(part.indptr.astype(np.int64)),
                                   torch.from_numpy(part.indices.astype(np.int64)),
                                   torch.from_numpy(part.data), part.shape)


def fit(x, z, lex, target, weight, seed=1, epochs=8, rate=0.02, decay=2e-6, dense_rate=0.01, batch=256, shrink=1e-3):
    """Trains on rows of x (counts), z (vectors), lex (lexicon), with targets and weights per row and concept."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = Linear(x.shape[1], z.shape[1], target.shape[1])
    groups = [{"params": [model.own], "lr": rate}, {"params": [model.dense], "lr": dense_rate},
              {"params": [model.trust, model.bias], "lr": 0.02}]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
    steps = epochs * -(-x.shape[0] // batch)
    plan = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(epochs):
        order = random.permutation(x.shape[0])
        for at in range(0, len(order), batch):
            rows = np.sort(order[at:at + batch])
            logits = model(slice_csr(x, rows), torch.from_numpy(z[rows]), torch.from_numpy(lex[rows]))
            loss = nn.functional.binary_cross_entropy_with_logits(
                logits, torch.from_numpy(target[rows]), torch.from_numpy(weight[rows]), reduction="sum") / batch
            loss = loss + decay * model.own.square().sum() + shrink * model.dense.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            plan.step()
    return model
