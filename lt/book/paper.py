"""What the paper says: every number of its tables, and the words for the keys that results are stored under."""

# Tables 1 to 4 of the paper: (setting, method, metric) -> value
PAPER = {
    ("mnist->mnist", "bridging_vae", "transfer_accuracy"): 0.98,
    ("mnist->fashion", "bridging_vae", "transfer_accuracy"): 0.95,
    ("fashion->mnist", "bridging_vae", "transfer_accuracy"): 0.89,
    ("mnist", "base", "reconstruction_accuracy"): 0.995,
    ("fashion", "base", "reconstruction_accuracy"): 0.952,
    ("mnist", "bridging_vae", "reconstruction_accuracy"): 0.989,
    ("fashion", "bridging_vae", "reconstruction_accuracy"): 0.903,
    ("mnist->speech", "bridging_vae", "transfer_accuracy"): 0.67,
    ("speech->mnist", "bridging_vae", "transfer_accuracy"): 0.98,
    ("speech", "bridging_vae", "reconstruction_accuracy"): 0.739,
    ("speech", "gan", "acceptance"): 0.318,
    ("mnist->fashion", "pix2pix", "transfer_accuracy"): 0.77,
    ("fashion->mnist", "pix2pix", "transfer_accuracy"): 0.08,
    ("mnist->fashion", "pix2pix", "fid"): 0.087,
    ("mnist->fashion", "cyclegan", "transfer_accuracy"): 0.08,
    ("fashion->mnist", "cyclegan", "transfer_accuracy"): 0.13,
    ("mnist->fashion", "cyclegan", "fid"): 0.361,
    ("mnist->fashion", "bridging_vae", "fid"): 0.004,
    ("mnist->mnist", "0 labels a class", "transfer_accuracy"): 0.139,
    ("mnist->mnist", "1 label a class", "transfer_accuracy"): 0.339,
    ("mnist->mnist", "10 labels a class", "transfer_accuracy"): 0.524,
    ("mnist->mnist", "100 labels a class", "transfer_accuracy"): 0.681,
    ("mnist->mnist", "1000 labels a class", "transfer_accuracy"): 0.898,
    ("mnist->mnist", "all labels", "transfer_accuracy"): 0.980,
    ("mnist->mnist", "unconditional", "transfer_accuracy"): 0.149,
    ("mnist->mnist", "conditional", "transfer_accuracy"): 0.849,
    ("mnist->mnist", "conditional + SWD", "transfer_accuracy"): 0.980,
    ("mnist->mnist", "latent_cyclegan", "transfer_accuracy"): 0.08,
    ("mnist->fashion", "latent_cyclegan", "transfer_accuracy"): 0.10,
    ("fashion->mnist", "latent_cyclegan", "transfer_accuracy"): 0.10,
    ("mnist->speech", "latent_cyclegan", "transfer_accuracy"): 0.09,
    ("speech->mnist", "latent_cyclegan", "transfer_accuracy"): 0.11,
    ("mnist->fashion", "latent_cyclegan", "fid"): 0.081,
}
FAILS = {"pix2pix", "cyclegan", "latent_cyclegan", "unconditional", "0 labels a class"}  # what the paper shows to fail
CRIPPLED = {"unconditional", "0 labels a class"}  # of these: the paper's own method with a part taken out, no competitor
CHANCE = 0.10  # the accuracy of guessing one of ten classes
WORDS = {
    "mnist": "MNIST",
    "fashion": "Fashion-MNIST",
    "speech": "speech",
    "gan": "GAN",
    "bridging_vae": "bridging VAE",
    "base": "base VAE",
    "transfer_accuracy": "transfer accuracy",
    "transfer_accuracy_true_label": "… against the true label",
    "transfer_accuracy_sampled": "… z and z′ sampled",
    "transfer_accuracy_paper_protocol": "… the paper's protocol",
    "largest_step": "largest step",
    "jump_at_boundary": "jump at a boundary",
    "transfer_accuracy_waveform": "… heard as a waveform",
    "transfer_accuracy_second_ear": "… by the second recogniser",
    "second_ear_agreement": "judge and second recogniser agree",
    "reconstruction_accuracy": "reconstruction accuracy",
    "pix2pix": "Pix2Pix",
    "cyclegan": "CycleGAN",
    "latent_cyclegan": "Latent CycleGAN",
    "prototype": "class prototype",
    "lookup": "class lookup",
    "gaussian_ot": "Gaussian OT by class",
    "gaussian_gw": "principal axes by class",
    "procrustes": "Procrustes",
    "affine": "affine map",
    "discrete_ot": "discrete OT by class",
    "target": "target's own",
    "fid": "FID",
    "path_length": "path length",
    "most_common_class": "most common class",
}


def words(key: str) -> str:
    """A setting, method or metric as people write it: ``mnist->fashion`` is MNIST → Fashion-MNIST."""
    return " → ".join(WORDS.get(part, part.replace("_", " ")) for part in key.split("->"))
