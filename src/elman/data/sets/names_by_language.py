"""Surnames by language (18 classes; the data of the PyTorch name-classification tutorial).

No split given; 20,050 lines, 17,450 distinct names, 469 names appear under more than one language, 2,038
repeated lines (Arabic: 2,000 lines, 108 distinct names). Split by distinct name, or the test part leaks.
Majority class (Russian) 46.8 %; best possible accuracy on the raw lines 97.2 %.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Surnames by language (18 classes; the data of the PyTorch name-classification tutorial)",
    licence="repository MIT; origin of the lists not stated",
    citation="Robertson (2017), Classifying Names with a Character-Level RNN, PyTorch tutorials",
    serves=("name-to-language classification, class imbalance, character embeddings, conditional generation"),
    folder="names_by_language",
    sources=("spro/practical-pytorch@c520c52e68e945d88fff563dba1c028b6ec0197b",),
    files="""
        6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc 13190 Arabic.txt 0:data/names/Arabic.txt
        09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465 1246 Chinese.txt 0:data/names/Chinese.txt
        e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7 3916 Czech.txt 0:data/names/Czech.txt
        924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3 2351 Dutch.txt 0:data/names/Dutch.txt
        9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2 27125 English.txt 0:data/names/English.txt
        81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95 2178 French.txt 0:data/names/French.txt
        7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db 5610 German.txt 0:data/names/German.txt
        3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6 1981 Greek.txt 0:data/names/Greek.txt
        cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058 1858 Irish.txt 0:data/names/Irish.txt
        f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4 5657 Italian.txt 0:data/names/Italian.txt
        e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f 7622 Japanese.txt 0:data/names/Japanese.txt
        cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136 423 Korean.txt 0:data/names/Korean.txt
        45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826 1165 Polish.txt 0:data/names/Polish.txt
        50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53 554 Portuguese.txt 0:data/names/Portuguese.txt
        0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c 85168 Russian.txt 0:data/names/Russian.txt
        78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd 752 Scottish.txt 0:data/names/Scottish.txt
        1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7 2284 Spanish.txt 0:data/names/Spanish.txt
        f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d 339 Vietnamese.txt 0:data/names/Vietnamese.txt
    """,
)
